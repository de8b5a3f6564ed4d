"""A spreadsheet in, the folder of a call out: what each sheet holds is guessed once, said, and kept for the next."""
