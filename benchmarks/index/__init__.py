"""What is measured of the patient index: how well it links, and how fast among millions."""
