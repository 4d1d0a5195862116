// Package money knows amounts and exact ratios, and how they are rounded when
// they are printed.
//
// An [Amount] is a whole number of fen. Adding is checked: a sum that does not
// fit is an error, never a wrapped number. A [Ratio] is a fraction of two
// amounts and is never evaluated until it is printed; [Ratio.Percent] and
// [Ratio.Times] round once, in a named [Rounding], to a named number of
// digits. There is no float in this package, and none may touch its values.
//
// The two cases that every rounding of execution rates must get right:
//
//	41.14 / 80      = 51.425 %     an exact tie: 51.43 half up, 51.42 half even
//	124.51 / 139.98 = 88.94842… %  10 points × the fraction is 8.89;
//	                               10 points × the printed 88.95 % would be 8.90
package money
