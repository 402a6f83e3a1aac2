"""A part of the library as a gallery for others: chosen, cleaned, proved, put somewhere."""
