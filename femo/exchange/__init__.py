"""Results in the forms of the tools that others work with: OpenFace, py-feat, ELAN."""
