"""What the product is compared with: programs as a person writes them who reads the libraries' documentation."""
