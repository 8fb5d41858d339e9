"""What every stage stands on: settings, errors, named SQL, and types of health IT that check themselves."""
