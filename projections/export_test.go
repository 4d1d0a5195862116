package projections

// Paper is what a projection stores of an event's document and words.
var Paper = paper
