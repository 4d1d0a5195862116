package exports

import (
	"archive/zip"
	"io"
	"time"
)

// file is one file of an archive.
type file struct {
	path string
	data []byte
}

// epoch is the time that files in archives carry, the first that zip can
// express: archives of the same content are the same bytes.
var epoch = time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC)

// archive writes the files as a zip, in their order.
func archive(w io.Writer, files []file) error {
	z := zip.NewWriter(w)
	for _, f := range files {
		part, err := z.CreateHeader(&zip.FileHeader{Name: f.path, Method: zip.Deflate, Modified: epoch})
		if err != nil {
			return err
		}
		if _, err := part.Write(f.data); err != nil {
			return err
		}
	}
	return z.Close()
}
