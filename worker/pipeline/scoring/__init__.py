"""From candidates to scores: CLIP, faces, prompts, one sum with named parts."""
