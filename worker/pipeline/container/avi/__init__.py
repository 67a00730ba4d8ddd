"""AVI keeps no time of showing: it is found from the order in which its pictures are decoded."""
