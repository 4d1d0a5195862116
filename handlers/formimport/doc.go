// Package formimport reads self-evaluation forms as governments publish them,
// in Word (.docx), Excel (.xlsx) or as the plain text of a Word table, into
// declared forms.
//
//	declared, report, err := formimport.Read("report.docx", file, size)
//
// Three readers turn a file into blocks: paragraphs and grids of cells, each
// with its text as found, the columns it spans and its place. One recogniser
// then finds the forms by their labels (项目名称, 全年预算数, 三级指标, 总分 and what
// other regions call them), wherever these stand. A cell belongs to the column
// whose label it stands under, so that other orders, more columns and missing
// ones need no code; labels.go holds the words.
//
// Nothing is guessed. What is not understood, or has no place in a declared
// form, is in the [Report] with its place and the reason; so is the raw text of
// each cell that cleaning changed. Three readings are the forms' own convention:
//
//   - A blank cell under 一级指标 or 二级指标 continues the one above.
//   - 指标性质, 指标值 and 度量单位 in columns of their own are one target, ≥95%.
//   - (20分) in the label of the table of money is the weight of execution where
//     that table has no column of weights.
//
// Files come from anybody. A file is refused, with a code, when it is larger
// than the limits allow once unzipped, holds macros or a document type
// definition, or draws on other files; nothing it names is ever opened.
package formimport
