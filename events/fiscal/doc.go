// Package fiscal knows the fiscal year: business dates, the calendar that they
// are read in (Asia/Shanghai, the time zone data embedded, so that a server in
// another zone or without zone files agrees), and time progress (序时进度), the
// share of a year that has passed.
//
// In China the fiscal year is the calendar year (预算法, article 18).
package fiscal
