"""Do one analysis job: ask the platform, fetch the video, pick, store the picks."""
