// Package vault keeps evidence: content by case and name, with a manifest per case whose entries are chained by
// hash, so that a changed, missing or inserted piece shows.
//
//	CASE/NAME                  the content; in a directory a / in NAME is %2F
//	CASE/manifest/000001.json  the first entry, one line of JSON; the next names this one's hash
//
// An entry's hash is that of its JSON with an empty hash: jq -cj '.hash=""' 000001.json | sha256sum.
package vault

import (
	"context"
	"errors"
	"time"

	"cordon/internal/action"
)

// Entry is one line of a case's manifest. Hash is the SHA-256 (hex) over Prev and the entry's other fields; Prev is
// the Hash of the entry before, "" for the first.
type Entry struct {
	Seq    int       `json:"seq"` // from 1
	Case   string    `json:"case"`
	Name   string    `json:"name"`
	SHA256 string    `json:"sha256"`
	Bytes  int64     `json:"bytes"`
	At     time.Time `json:"at"`
	Prev   string    `json:"prev"`
	Hash   string    `json:"hash"`

	// Uploaded is set for a piece that went to the bucket in parts: SHA256 is then the hash of the parts' hashes, as
	// [action.Uploaded] has it.
	Uploaded *action.Uploaded `json:"uploaded,omitempty"`
}

// Problem is one thing that Verify found wrong.
type Problem struct {
	Name string `json:"name"` // the artifact, or "manifest"
	Text string `json:"text"`
}

// Vault keeps evidence. Content and entries are written once and never replaced. Every method is safe for concurrent
// use, also by several processes.
type Vault interface {
	// Put stores content under the case and name, then chains it into the manifest. The same name again with the
	// same content gives the first artifact; with other content, ErrExists. Names are cleaned: they cannot leave the
	// case's prefix.
	Put(ctx context.Context, caseID, name string, content []byte) (action.Artifact, Entry, error)
	// Adopt chains an object that an AWS service wrote under the case's prefix (live response output) into the
	// manifest, hashing what is there. ErrNotFound where there is nothing.
	Adopt(ctx context.Context, caseID, name string) (action.Artifact, Entry, error)
	// Attest chains an object that was uploaded in parts under the case's prefix. Nothing is hashed: S3 is asked for its size,
	// version and checksum, which must be those in u. ErrNotFound where there is nothing; an error in a directory.
	Attest(ctx context.Context, caseID, name string, u action.Uploaded) (action.Artifact, Entry, error)
	// Get reads a piece back; ErrNotFound.
	Get(ctx context.Context, caseID, name string) ([]byte, error)
	// Manifest reads a case's entries by Seq, without checking them.
	Manifest(ctx context.Context, caseID string) ([]Entry, error)
	// URI is where a piece is, file:// or s3://.
	URI(caseID, name string) string
	// Bucket is where AWS services may write evidence of a case themselves; ok is false for a directory. The prefix
	// ends in "/".
	Bucket(caseID string) (bucket, prefix string, ok bool)
	// Private says, with an error, that anyone could read the vault: a public bucket. What the caller may not look at
	// counts as private.
	Private(ctx context.Context) error
	// Check proves that the vault can be written, without leaving a trace where that is possible.
	Check(ctx context.Context) error
}

// ErrExists is the error of other content under a name that the case has already.
var ErrExists = errors.New("the case has other evidence of this name, and evidence is never replaced")

// ErrNotFound is the error of a piece that the vault does not have.
var ErrNotFound = errors.New("no such evidence")

// ErrDamaged is the error of a manifest with an entry that cannot be read.
var ErrDamaged = errors.New("the manifest is damaged")
