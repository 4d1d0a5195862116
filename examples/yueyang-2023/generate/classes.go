package main

// classes is the part of a budget line's key that the report does not print.
type classes struct{ function, economic string }

// formClasses are plausible classes of the 15 project forms, in the order of
// their numbers. Functional classes of group 215 are industry and information
// technology, of group 208 social security and employment.
var formClasses = []classes{
	{"2150805", "312"}, //  1 new enterprises above designated size: funds for small enterprises
	{"2150502", "302"}, //  2 cost of collecting non-tax revenue: general administration
	{"2150502", "302"}, //  3 talent work
	{"2150502", "302"}, //  4 training for the nine industrial chains
	{"2150599", "303"}, //  5 legacy of reformed state enterprises: other industry
	{"2150517", "312"}, //  6 JMRH development: industrial development
	{"2089999", "303"}, //  7 help in hardship: other social security
	{"2080999", "303"}, //  8 ex-servicemen in enterprises: other resettlement
	{"2080501", "303"}, //  9 living allowance of retired cadres
	{"2080801", "303"}, // 10 death gratuities and dependants
	{"2150517", "312"}, // 11 nine industrial chains
	{"2150805", "312"}, // 12 small and medium enterprises
	{"2150517", "312"}, // 13 campaigns of province and city
	{"2150501", "301"}, // 14 performance pay: running of the administration
	{"2150508", "302"}, // 15 radio administration
}

// unlistedClasses are those of the spending that has no form.
var unlistedClasses = classes{"2150599", "302"}

// Functional classes of basic expenditure; its economic classes are the
// report's.
const (
	administration = "2150501"
	pensions       = "2080501"
)

// Items of economic class 302 whose total the report states, as two of the
// three public expenses (三公经费).
const (
	receptionItem = "30217"
	vehiclesItem  = "30231"
)
