"""Where packets lie in a capture file: containers, compression, windows."""
