"""Photos and videos in: opened safely, upright RGB, true time stamps."""
