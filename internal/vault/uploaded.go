package vault

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"cordon/internal/action"
)

// hashUpTo is the largest uploaded piece that Verify reads again; of a larger one S3's word is taken. A version of an object
// is never changed: S3 can only be told to delete it, or to put another one on top, and both show.
const hashUpTo = 1 << 30

// Attest implements Vault.
func (k *keeper) Attest(ctx context.Context, caseID, name string, u action.Uploaded) (action.Artifact, Entry, error) {
	a, e, err := k.attest(ctx, caseID, name, u)
	if err != nil {
		return action.Artifact{}, Entry{}, fmt.Errorf("attest evidence %q of case %s: %w", name, caseID, err)
	}
	return a, e, nil
}

func (k *keeper) attest(ctx context.Context, caseID, name string, u action.Uploaded) (action.Artifact, Entry, error) {
	if err := check(caseID, name); err != nil {
		return action.Artifact{}, Entry{}, err
	}
	if sum, err := hex.DecodeString(u.SHA256); err != nil || len(sum) != sha256.Size || u.PartBytes < 1 {
		return action.Artifact{}, Entry{}, errors.New("no hash of its parts")
	}
	there, ok, err := k.files.facts(ctx, k.key(caseID, name))
	switch {
	case err != nil:
		return action.Artifact{}, Entry{}, err
	case !ok:
		return action.Artifact{}, Entry{}, errors.New("the vault is a directory: nothing is uploaded to it (write vault: s3://BUCKET/PREFIX)")
	}
	if text := differs(u, there); text != "" {
		return action.Artifact{}, Entry{}, errors.New(text)
	}
	return k.artifact(ctx, caseID, Entry{Name: name, SHA256: u.SHA256, Bytes: u.Bytes, Uploaded: &u})
}

// differs says in which way an object is not as it was, "" where it is.
func differs(was, now action.Uploaded) string {
	switch {
	case now.Bytes != was.Bytes:
		return fmt.Sprintf("it has %d bytes, not %d", now.Bytes, was.Bytes)
	case now.Version != was.Version:
		return fmt.Sprintf("it is version %q, not %q: somebody put another one on top", now.Version, was.Version)
	case now.ETag != was.ETag || now.CRC64NVME != was.CRC64NVME:
		return "its content was changed: S3 has another checksum of it"
	}
	return ""
}

// uploadedProblem says what is wrong with an uploaded piece, "" for nothing: by S3's word, and up to hashUpTo bytes by reading it.
func (k *keeper) uploadedProblem(ctx context.Context, caseID string, e Entry) (string, error) {
	key, was := k.key(caseID, e.Name), *e.Uploaded
	was.Bytes = e.Bytes
	now, ok, err := k.files.facts(ctx, key)
	switch {
	case err != nil:
		return "", err
	case !ok:
		return "it cannot be checked here: it was uploaded to a bucket", nil
	}
	if text := differs(was, now); text != "" || e.Bytes > hashUpTo {
		return text, nil
	}
	content, err := k.files.open(ctx, key)
	if err != nil {
		return "", err
	}
	defer content.Close()
	sum, err := hashParts(content, was.PartBytes)
	if err == nil && sum != e.SHA256 {
		return "its content is not what the host said that it sent", nil
	}
	return "", err
}

// hashParts is the hash of the hashes of r's parts; see action.Uploaded.
func hashParts(r io.Reader, partBytes int64) (string, error) {
	if partBytes < 1 {
		return "", fmt.Errorf("parts of %d bytes", partBytes)
	}
	all := sha256.New()
	for {
		part := sha256.New()
		n, err := io.CopyN(part, r, partBytes)
		if n > 0 {
			fmt.Fprintf(all, "%x\n", part.Sum(nil))
		}
		switch {
		case errors.Is(err, io.EOF):
			return hex.EncodeToString(all.Sum(nil)), nil
		case err != nil:
			return "", err
		}
	}
}
