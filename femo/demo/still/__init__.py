"""What the Photo tab does beyond one dropped photo: photos by address, several at once, pictures and files."""
