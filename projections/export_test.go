package projections

// Paper is what a projection stores of an event's document and words.
var Paper = paper

// KeepBalances makes a store keep balances after every so many events, however
// many lines there are.
func KeepBalances(s *Store, every uint64) { s.keep = keeping{every: every} }
