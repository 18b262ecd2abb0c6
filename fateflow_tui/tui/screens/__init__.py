"""What the dashboard shows at one time: a screen per place, dialogs above them."""
