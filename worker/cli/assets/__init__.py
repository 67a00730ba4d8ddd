"""Commands about assets: look at them, decide for them, put them right."""
