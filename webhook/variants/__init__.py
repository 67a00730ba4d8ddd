"""What viewers' browsers ask for while pictures are tested: which picture to show."""
