"""Compare images per second of this library, the article's script and PyTorch."""
