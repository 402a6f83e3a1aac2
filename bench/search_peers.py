def compare(site, images): return {}
