package projections

import (
	"context"
	"encoding/binary"
	"io"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/outturn/outturn/events/fiscal"
)

// copyRows writes count rows into columns of a table by COPY. Rows are encoded
// as they are sent, while Postgres writes those before; encode must append one
// field for each column, in order.
func copyRows(ctx context.Context, tx pgx.Tx, table string, columns []string, count int, encode func(*fields, int)) error {
	if count == 0 {
		return nil
	}
	rows := &rowReader{columns: len(columns), count: count, encode: encode, fields: fields{pending: []byte(copyHeader)}}
	sql := "COPY " + pgx.Identifier{table}.Sanitize() + " (" + strings.Join(columns, ", ") + ") FROM STDIN (FORMAT binary)"
	_, err := tx.Conn().PgConn().CopyFrom(ctx, rows, sql)
	return err
}

// The binary format of COPY: a signature, no flags and no extension; rows, each
// beginning with how many fields it has; −1 (PostgreSQL 15, COPY, "Binary
// Format").
const (
	copyHeader  = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00"
	copyTrailer = "\xff\xff"
)

// rowReader reads as the rows in the binary format.
type rowReader struct {
	columns, count int
	encode         func(*fields, int)
	fields         fields
	next           int // the row that is encoded next; beyond count, the trailer is
	read           int // how much of the pending bytes is read
}

// Read implements [io.Reader].
func (r *rowReader) Read(p []byte) (int, error) {
	for len(r.fields.pending)-r.read < len(p) && r.next <= r.count {
		if r.read > 0 {
			r.fields.pending = append(r.fields.pending[:0], r.fields.pending[r.read:]...)
			r.read = 0
		}
		r.encodeNext()
	}
	n := copy(p, r.fields.pending[r.read:])
	if r.read += n; n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (r *rowReader) encodeNext() {
	if r.next == r.count {
		r.fields.pending = append(r.fields.pending, copyTrailer...)
	} else {
		r.fields.pending = binary.BigEndian.AppendUint16(r.fields.pending, uint16(r.columns))
		r.encode(&r.fields, r.next)
	}
	r.next++
}

// fields appends fields in the binary format: the length of a value in bytes,
// and the value as its type's receive function takes it.
type fields struct{ pending []byte }

func (f *fields) length(n int) { f.pending = binary.BigEndian.AppendUint32(f.pending, uint32(n)) }

func (f *fields) null() { f.pending = append(f.pending, 0xff, 0xff, 0xff, 0xff) }

func (f *fields) text(s string) {
	f.length(len(s))
	f.pending = append(f.pending, s...)
}

func (f *fields) bytea(b []byte) {
	f.length(len(b))
	f.pending = append(f.pending, b...)
}

func (f *fields) boolean(b bool) {
	f.length(1)
	if b {
		f.pending = append(f.pending, 1)
	} else {
		f.pending = append(f.pending, 0)
	}
}

func (f *fields) smallint(n int) {
	f.length(2)
	f.pending = binary.BigEndian.AppendUint16(f.pending, uint16(n))
}

func (f *fields) integer(n int32) {
	f.length(4)
	f.pending = binary.BigEndian.AppendUint32(f.pending, uint32(n))
}

func (f *fields) bigint(n int64) {
	f.length(8)
	f.pending = binary.BigEndian.AppendUint64(f.pending, uint64(n))
}

// epoch is the day and the moment that Postgres counts from, in seconds of Unix.
const epoch = 946_684_800 // 2000-01-01

func (f *fields) date(d fiscal.Date) { f.integer(int32((d.Time().Unix() - epoch) / (24 * 60 * 60))) }

func (f *fields) timestamptz(t time.Time) { f.bigint(t.UnixMicro() - epoch*1e6) }
