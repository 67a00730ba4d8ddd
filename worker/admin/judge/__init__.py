"""What a judge said of an asset's frames, as people and programs are told it; see docs/judge.md."""
