"""Does a site hold anything that is withheld? Told by reading it, not by how it was made."""
