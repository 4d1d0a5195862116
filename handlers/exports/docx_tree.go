package exports

import "encoding/xml"

// The elements of WordprocessingML that forms need, in the order that the schema
// (ECMA-376 part 1, chapter 17) demands. Names carry their prefix, since
// encoding/xml writes namespaces its own way.

type document struct {
	XMLName   xml.Name `xml:"w:document"`
	Namespace string   `xml:"xmlns:w,attr"`
	Body      body     `xml:"w:body"`
}

type body struct {
	Blocks  []any   // paragraph or table
	Section section `xml:"w:sectPr"`
}

type section struct {
	Size    pageSize    `xml:"w:pgSz"`
	Margins pageMargins `xml:"w:pgMar"`
}

type pageSize struct {
	Width  int `xml:"w:w,attr"`
	Height int `xml:"w:h,attr"`
}

type pageMargins struct {
	Top    int `xml:"w:top,attr"`
	Right  int `xml:"w:right,attr"`
	Bottom int `xml:"w:bottom,attr"`
	Left   int `xml:"w:left,attr"`
	Header int `xml:"w:header,attr"`
	Footer int `xml:"w:footer,attr"`
	Gutter int `xml:"w:gutter,attr"`
}

type paragraph struct {
	XMLName xml.Name       `xml:"w:p"`
	Props   paragraphProps `xml:"w:pPr"`
	Runs    []run          `xml:"w:r"`
}

type paragraphProps struct {
	Style           value `xml:"w:pStyle"`
	PageBreakBefore *mark `xml:"w:pageBreakBefore"`
}

type run struct {
	Content []any // runText, tab or lineBreak
}

type runText struct {
	XMLName xml.Name `xml:"w:t"`
	Space   string   `xml:"xml:space,attr"`
	Text    string   `xml:",chardata"`
}

type tab struct {
	XMLName xml.Name `xml:"w:tab"`
}

type lineBreak struct {
	XMLName xml.Name `xml:"w:br"`
}

type table struct {
	XMLName xml.Name     `xml:"w:tbl"`
	Props   tableProps   `xml:"w:tblPr"`
	Grid    []gridColumn `xml:"w:tblGrid>w:gridCol"`
	Rows    []tableRow   `xml:"w:tr"`
}

type tableProps struct {
	Width   measured    `xml:"w:tblW"`
	Align   value       `xml:"w:jc"`
	Borders borders     `xml:"w:tblBorders"`
	Layout  layout      `xml:"w:tblLayout"`
	Margins cellMargins `xml:"w:tblCellMar"`
}

type borders struct {
	Top     border `xml:"w:top"`
	Left    border `xml:"w:left"`
	Bottom  border `xml:"w:bottom"`
	Right   border `xml:"w:right"`
	InsideH border `xml:"w:insideH"`
	InsideV border `xml:"w:insideV"`
}

type border struct {
	Kind  string `xml:"w:val,attr"`
	Size  int    `xml:"w:sz,attr"` // eighths of a point
	Space int    `xml:"w:space,attr"`
	Color string `xml:"w:color,attr"`
}

func allBorders() borders {
	b := border{Kind: "single", Size: 4, Color: "000000"}
	return borders{b, b, b, b, b, b}
}

type cellMargins struct {
	Left  measured `xml:"w:left"`
	Right measured `xml:"w:right"`
}

type layout struct {
	Kind string `xml:"w:type,attr"`
}

type gridColumn struct {
	Width int `xml:"w:w,attr"`
}

type tableRow struct {
	Props rowProps    `xml:"w:trPr"`
	Cells []tableCell `xml:"w:tc"`
}

type rowProps struct {
	Whole  *mark `xml:"w:cantSplit"`
	Header *mark `xml:"w:tblHeader"`
}

type tableCell struct {
	Props      cellProps   `xml:"w:tcPr"`
	Paragraphs []paragraph `xml:"w:p"`
}

type cellProps struct {
	Width   measured `xml:"w:tcW"`
	Columns *number  `xml:"w:gridSpan"`
	Merge   *value   `xml:"w:vMerge"`
	Align   value    `xml:"w:vAlign"`
}

type measured struct {
	Width int    `xml:"w:w,attr"`
	Unit  string `xml:"w:type,attr"`
}

type value struct {
	Value string `xml:"w:val,attr"`
}

type number struct {
	Value int `xml:"w:val,attr"`
}

// mark is an element that only has to be there.
type mark struct{}

// properties are the document's own description.
type properties struct {
	XMLName   xml.Name `xml:"cp:coreProperties"`
	Core      string   `xml:"xmlns:cp,attr"`
	DublinC   string   `xml:"xmlns:dc,attr"`
	Title     string   `xml:"dc:title"`
	Publisher string   `xml:"dc:creator"`
}

func newProperties(title string) properties {
	return properties{
		Core:    "http://schemas.openxmlformats.org/package/2006/metadata/core-properties",
		DublinC: "http://purl.org/dc/elements/1.1/",
		Title:   title, Publisher: producer,
	}
}
