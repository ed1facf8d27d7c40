"""Other right ways to the answers of unet."""
