package exports

import "github.com/outturn/outturn/projections/forms"

// fitted divides a length between the columns by their widths. A column with a
// number that would not fit gets what it needs from those that have more: a
// number that breaks, or shows as ####, cannot be read. The parts add up to the
// length unless the numbers alone are wider.
func (l laid) fitted(length, perDigit, padding int) []int {
	parts := l.share(length)
	slack, missing := make([]int, len(parts)), 0
	for col, need := range l.needs(perDigit, padding) {
		if need > parts[col] {
			missing += need - parts[col]
			parts[col] = need
		} else {
			slack[col] = parts[col] - need
		}
	}
	has := total(slack)
	for col := range parts {
		if missing == 0 || has == 0 {
			break
		}
		taken := min((slack[col]*missing+has-1)/has, slack[col])
		parts[col] -= taken
		missing -= taken
		has -= slack[col]
	}
	return parts
}

// share divides a length between the columns by their widths; the parts add up
// to it.
func (l laid) share(length int) []int {
	all := total(l.Grid.Widths)
	parts := make([]int, len(l.Grid.Widths))
	sum, before := 0, 0
	for i, width := range l.Grid.Widths {
		sum += width
		edge := length * sum / all
		parts[i], before = edge-before, edge
	}
	return parts
}

// needs are the widths that the numbers in single columns need; a column of
// words needs room for a character.
func (l laid) needs(perDigit, padding int) []int {
	all := make([]int, l.columns())
	for col := range all {
		all[col] = 2*perDigit + padding
	}
	for _, cell := range l.cells {
		isNumber := cell.Role == forms.RoleNumber || cell.Role == forms.RoleTotal
		if digits := printedWidth(cell.Text); isNumber && cell.Cols == 1 && digits <= maxNumberWidth {
			all[cell.col] = max(all[cell.col], digits*perDigit+padding)
		}
	}
	return all
}

// maxNumberWidth is the width in digits of the longest text that is kept on one
// line; the largest amount in yuan with two decimals has 20.
const maxNumberWidth = 22

func total(numbers []int) int {
	sum := 0
	for _, n := range numbers {
		sum += n
	}
	return sum
}
