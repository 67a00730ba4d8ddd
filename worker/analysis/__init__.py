"""Do one analysis job: fetch the metadata, download the video, pick, store the picks."""
