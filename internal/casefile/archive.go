package casefile

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"cordon/internal/printable"
)

// An archive is a copy of cases as JSON that is safe to show, a line each:
//
//	{"cordon":"cases","version":1,"at":…}
//	{"case":…,"records":…,"journal":…,"documents":…}   a Snapshot, any number of times
//	{"pauses":[…]}                                     in a copy of a whole store
//	{"end":{"cases":…,"sha256":…}}                     the hash of all bytes before this line
//
// The hash shows damage. Who can write the file can make another one: it is no signature.

// archiveVersion is the version of the format. A field that is added is a new version: an older Cordon would lose it.
const archiveVersion = 1

// longestLine bounds the memory that a file can ask for.
const longestLine = 256 << 20

type archiveHeader struct {
	Cordon  string    `json:"cordon"`
	Version int       `json:"version"`
	At      time.Time `json:"at"`
}

// Archive is what the last line of an archive says.
type Archive struct {
	Cases  int    `json:"cases"`
	SHA256 string `json:"sha256"` // hex, of all lines before
}

// ArchiveWriter writes an archive. Close writes its last line: without that, it is none.
type ArchiveWriter struct {
	w     io.Writer
	sum   hash.Hash
	cases int
}

// NewArchiveWriter begins an archive.
func NewArchiveWriter(w io.Writer, now time.Time) (*ArchiveWriter, error) {
	a := &ArchiveWriter{w: w, sum: sha256.New()}
	return a, a.line(archiveHeader{"cases", archiveVersion, utc(now)})
}

// Add writes a case.
func (a *ArchiveWriter) Add(s Snapshot) error {
	a.cases++
	return a.line(s)
}

// Pauses writes the journal of the pauses.
func (a *ArchiveWriter) Pauses(entries []Entry) error {
	return a.line(struct {
		Pauses []Entry `json:"pauses"`
	}{entries})
}

// Close ends the archive; it does not close the writer below.
func (a *ArchiveWriter) Close() (Archive, error) {
	end := Archive{a.cases, hex.EncodeToString(a.sum.Sum(nil))}
	return end, a.line(struct {
		End Archive `json:"end"`
	}{end})
}

func (a *ArchiveWriter) line(v any) error {
	raw, err := json.Marshal(v)
	if err == nil {
		raw = append(printable.JSON(raw), '\n')
		a.sum.Write(raw)
		_, err = a.w.Write(raw)
	}
	if err != nil {
		return fmt.Errorf("write the export: %w", err)
	}
	return nil
}

// ArchiveError says what is wrong with an archive, and where.
type ArchiveError struct {
	Line int // from 1
	Err  error
}

func (e *ArchiveError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }
func (e *ArchiveError) Unwrap() error { return e.Err }

// ReadArchive reads an archive to its end, and gives each case to add and the journal of pauses, if there is one, to pauses;
// their errors end it. What is no whole archive is an *ArchiveError: only when nil came back was it one, so whoever writes
// reads it twice.
func ReadArchive(r io.Reader, add func(Snapshot) error, pauses func([]Entry) error) (Archive, error) {
	in := archiveReader{r: bufio.NewReaderSize(r, 1<<16), sum: sha256.New(), seen: map[string]bool{}, add: add, pauses: pauses}
	if err := in.header(); err != nil {
		return Archive{}, in.at(err)
	}
	for {
		if end, err := in.next(); err != nil || end != nil {
			if err != nil {
				return Archive{}, err
			}
			return *end, nil
		}
	}
}

type archiveReader struct {
	r      *bufio.Reader
	sum    hash.Hash
	n      int
	seen   map[string]bool // ids of cases
	add    func(Snapshot) error
	pauses func([]Entry) error
}

func (a *archiveReader) at(err error) error { return &ArchiveError{a.n, err} }

// read gives the next line with its end; io.EOF where there is none.
func (a *archiveReader) read() (line []byte, err error) {
	a.n++
	for {
		part, err := a.r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull) && len(line) <= longestLine:
			continue
		case errors.Is(err, bufio.ErrBufferFull):
			return nil, errors.New("it is too long")
		case errors.Is(err, io.EOF) && len(line) > 0:
			return nil, errCutOff
		}
		return line, err
	}
}

var (
	errCutOff   = errors.New("it is cut off (take another copy)")
	errNoExport = errors.New("it is no export of cases (cordon cases export makes one)")
)

func (a *archiveReader) header() error {
	line, err := a.read()
	if errors.Is(err, io.EOF) || errors.Is(err, errCutOff) {
		return errNoExport
	}
	if err != nil {
		return err
	}
	var h archiveHeader
	switch err := json.Unmarshal(line, &h); {
	case err != nil, h.Cordon != "cases":
		return errNoExport
	case h.Version > archiveVersion:
		return fmt.Errorf("it has format version %d, and this Cordon knows up to %d (a newer Cordon has written it: use that one)", h.Version, archiveVersion)
	}
	a.sum.Write(line)
	return nil
}

// next reads a line; end is set when it was the last.
func (a *archiveReader) next() (end *Archive, err error) {
	line, err := a.read()
	if errors.Is(err, io.EOF) {
		err = errCutOff
	}
	if err != nil {
		return nil, a.at(err)
	}
	var kind struct {
		Case   json.RawMessage `json:"case"`
		Pauses []Entry         `json:"pauses"`
		End    *Archive        `json:"end"`
	}
	if err := json.Unmarshal(line, &kind); err != nil {
		return nil, a.at(damaged(err))
	}
	switch {
	case kind.End != nil:
		if err := a.finish(*kind.End); err != nil {
			return nil, a.at(err)
		}
		return kind.End, nil
	case kind.Case != nil:
		s, err := a.snapshot(line)
		if err != nil {
			return nil, a.at(err)
		}
		if err := a.add(s); err != nil {
			return nil, err
		}
	case kind.Pauses != nil:
		if _, _, err := PausesAfter(nil, kind.Pauses); err != nil {
			return nil, a.at(damaged(err))
		}
		if err := a.pauses(kind.Pauses); err != nil {
			return nil, err
		}
	default:
		return nil, a.at(damaged(errors.New("it is neither a case nor the end")))
	}
	a.sum.Write(line)
	return nil, nil
}

func damaged(err error) error {
	return fmt.Errorf("it is damaged (take another copy): %w", err)
}

func (a *archiveReader) snapshot(line []byte) (s Snapshot, err error) {
	err = json.Unmarshal(line, &s)
	if err == nil {
		err = s.Check()
	}
	switch {
	case err != nil:
	case !ValidID(s.Case.ID):
		err = fmt.Errorf("%q is no id of a case", s.Case.ID)
	case a.seen[s.Case.ID]:
		err = fmt.Errorf("case %s is there twice", s.Case.ID)
	}
	if err != nil {
		return s, damaged(err)
	}
	a.seen[s.Case.ID] = true
	return s, nil
}

func (a *archiveReader) finish(end Archive) error {
	sum := hex.EncodeToString(a.sum.Sum(nil))
	rest, err := a.r.Peek(1)
	switch {
	case end.SHA256 != sum:
		return fmt.Errorf("it was changed after it was written: the lines before have the SHA-256 %s, and it says %.64q (take another copy)", sum, end.SHA256)
	case end.Cases != len(a.seen):
		return fmt.Errorf("there are %d cases, and it says %d (take another copy)", len(a.seen), end.Cases)
	case len(rest) > 0 || err != nil && !errors.Is(err, io.EOF):
		return errors.New("there is something after it (take another copy)")
	}
	return nil
}
