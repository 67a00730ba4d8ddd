"""What turns judged frames into a judge of other frames."""
