"""The specifications of the exercises, one package an assignment."""
