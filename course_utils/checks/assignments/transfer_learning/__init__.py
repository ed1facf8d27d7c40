"""The assignment on transfer learning."""
