"""May a head be put into use? By tests or choices that it has not seen, and by stored filmstrips."""
