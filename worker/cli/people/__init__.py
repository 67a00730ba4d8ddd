"""Commands about people: invite them, say what they may do, and see what they did."""
