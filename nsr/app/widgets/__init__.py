"""What the page is drawn with: NiceGUI, of the extra `app`; nothing here decides anything about data."""
