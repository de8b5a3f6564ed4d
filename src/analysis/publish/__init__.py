"""Publishing: an executed answer notebook as an accessible HTML page and an archivable, tagged PDF."""
