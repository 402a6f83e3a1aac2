"""What leaves the library for the eyes of others."""
