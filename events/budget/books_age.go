package budget

// Age drops the payments and commitments that were not put on these books since
// they were aged last; all else stays. Called from time to time, it bounds what
// the books hold: see [shelf.Shelf.Age]. Whoever calls it can recall what was
// dropped from elsewhere, and loads it before it is needed.
func (b *Books) Age() {
	b.commitments.Age()
	b.payments.Age()
}
