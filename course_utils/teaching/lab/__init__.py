"""`course lab`: JupyterLab that opens on a page of the course."""
