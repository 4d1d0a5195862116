package snapshots

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"regexp"
	"slices"
	"strings"
)

// Limits of a bundle. They hold for writing and for reading.
const (
	// MaxBytes is the largest bundle.
	MaxBytes = 256 << 20
	// MaxFiles is the largest number of files in a bundle.
	MaxFiles = 10_000
	// MaxPath is the longest path of a file, in bytes.
	MaxPath = 160
)

// ErrTooLarge says that a unit's year does not fit into one bundle.
var ErrTooLarge = fmt.Errorf("the snapshot is larger than a bundle may be (%d MiB, %d files): seal the units under it one by one", MaxBytes>>20, MaxFiles)

// file is a file of a bundle.
type file struct {
	path string
	data []byte
}

// first are the paths that a bundle begins with; the others follow by path.
var first = []string{manifestPath, signaturePath, signerPath, sumsPath}

func inOrder(x, y file) int {
	rank := func(f file) int {
		if i := slices.Index(first, f.path); i >= 0 {
			return i
		}
		return len(first)
	}
	if byRank := rank(x) - rank(y); byRank != 0 {
		return byRank
	}
	return strings.Compare(x.path, y.path)
}

// The fixed values of a bundle's zip (APPNOTE 6.3): files are stored as they are,
// so that the bytes depend on no compressor; their time is the first that zip
// can express.
const (
	zipLocal, zipCentral, zipEnd = 0x04034b50, 0x02014b50, 0x06054b50
	zipVersion                   = 10 // stored files
	zipTime, zipDate             = 0, 1<<5 | 1
)

// encode writes files as the only zip that a bundle of them may be.
func encode(files []file) []byte {
	files = slices.SortedFunc(slices.Values(files), inOrder)
	var out, central []byte
	for _, f := range files {
		offset := uint32(len(out))
		out = binary.LittleEndian.AppendUint32(out, zipLocal)
		out = f.describe(out)
		out = append(append(out, f.path...), f.data...)

		central = binary.LittleEndian.AppendUint32(central, zipCentral)
		central = binary.LittleEndian.AppendUint16(central, zipVersion)
		central = f.describe(central)
		central = append(central, make([]byte, 2+2+2+4)...) // comment, disk, attributes
		central = binary.LittleEndian.AppendUint32(central, offset)
		central = append(central, f.path...)
	}
	offset := uint32(len(out))
	out = append(out, central...)
	out = binary.LittleEndian.AppendUint32(out, zipEnd)
	out = append(out, 0, 0, 0, 0) // disks
	out = binary.LittleEndian.AppendUint16(out, uint16(len(files)))
	out = binary.LittleEndian.AppendUint16(out, uint16(len(files)))
	out = binary.LittleEndian.AppendUint32(out, uint32(len(central)))
	out = binary.LittleEndian.AppendUint32(out, offset)
	return append(out, 0, 0) // comment
}

// describe writes what the local and the central header of a file have in common.
func (f file) describe(out []byte) []byte {
	for _, value := range []uint16{zipVersion, 0, uint16(zip.Store), zipTime, zipDate} {
		out = binary.LittleEndian.AppendUint16(out, value)
	}
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(f.data))
	out = binary.LittleEndian.AppendUint32(out, uint32(len(f.data)))
	out = binary.LittleEndian.AppendUint32(out, uint32(len(f.data)))
	out = binary.LittleEndian.AppendUint16(out, uint16(len(f.path)))
	return append(out, 0, 0) // extra fields
}

// fits says whether files may be a bundle.
func fits(files []file) error {
	size := 0
	for _, f := range files {
		size += len(f.data) + 2*len(f.path) + 100
	}
	if size > MaxBytes || len(files) > MaxFiles {
		return ErrTooLarge
	}
	return nil
}

var safePath = regexp.MustCompile(`^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*(\.[a-z]+)?$`)

// decode reads the files of a zip, at most MaxBytes of them, also of one that is
// not written as encode does it: what is wrong with it is for others to say. A
// file whose checksum does not fit is read nevertheless, and named in broken.
func decode(raw []byte) (files []file, broken []Problem, err error) {
	archive, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, nil, err
	}
	if len(archive.File) > MaxFiles {
		return nil, nil, fmt.Errorf("%d files, at most %d are read", len(archive.File), MaxFiles)
	}
	left := uint64(MaxBytes)
	for _, entry := range archive.File {
		if len(entry.Name) > MaxPath || !safePath.MatchString(entry.Name) {
			return nil, nil, fmt.Errorf("%.*q is not a path that a bundle has", MaxPath, entry.Name)
		}
		if entry.UncompressedSize64 > left {
			return nil, nil, fmt.Errorf("more than %d bytes unpacked", MaxBytes)
		}
		left -= entry.UncompressedSize64
		data, err := readEntry(entry)
		if err != nil {
			broken = append(broken, Problem{Reason: FileDiffers, File: entry.Name, Detail: err.Error()})
		}
		files = append(files, file{entry.Name, data})
	}
	return files, broken, nil
}

// readEntry reads a file of a zip. With an error it returns what could be read.
func readEntry(entry *zip.File) ([]byte, error) {
	opened, err := entry.Open()
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	return io.ReadAll(io.LimitReader(opened, int64(entry.UncompressedSize64)+1))
}
