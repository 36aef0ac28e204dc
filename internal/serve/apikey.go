package serve

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io/fs"
	"sync"
	"time"

	"github.com/aws/smithy-go"

	"cordon/internal/notify"
)

// rereadKey is how often the secret is read again, and how often a key that does not match has it read at once: it may have been
// rotated.
const rereadKey = 30 * time.Second

// apiKey compares what a request brings with the intake's key.
type apiKey struct {
	secret notify.Secret

	mu     sync.Mutex
	known  bool              // there is a key; without one nobody is let in
	hash   [sha256.Size]byte // of the key as it was read last
	reread time.Time
}

// load reads the key. Where that fails in passing the one that was read before stays in force; where the secret is gone, or
// holds no key any more, none is.
func (k *apiKey) load(ctx context.Context) error {
	k.secret.Forget()
	key, err := k.secret.Get(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	if err != nil {
		k.known = k.known && passing(err)
		return err
	}
	k.known, k.hash = true, sha256.Sum256([]byte(key))
	return nil
}

// passing says whether a secret that could not be read may still be there as it was.
func passing(err error) bool {
	var file *fs.PathError
	var call *smithy.OperationError
	switch {
	case errors.As(err, &file):
		return !errors.Is(err, fs.ErrNotExist)
	case errors.As(err, &call):
		// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html: not there, or marked for deletion
		return code(err) != "ResourceNotFoundException" && code(err) != "InvalidRequestException"
	default:
		return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
	}
}

// missing says whether nobody can be let in.
func (k *apiKey) missing() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return !k.known
}

// keep reads the key again and again until ctx ends, so that one that was revoked does not work for long, whoever knocks.
func (k *apiKey) keep(ctx context.Context, failed func(error)) {
	for sleep(ctx, rereadKey); ctx.Err() == nil; sleep(ctx, rereadKey) {
		if err := k.load(ctx); err != nil {
			failed(err)
		}
	}
}

// matches says whether given is the key, in a time that tells nothing of it. The error is of a key that could not be read
// again: given is not the one that was read before.
func (k *apiKey) matches(ctx context.Context, given string) (bool, error) {
	if given == "" {
		return false, nil
	}
	got := sha256.Sum256([]byte(given))
	if k.same(got) || !k.stale() {
		return k.same(got), nil
	}
	if err := k.load(ctx); err != nil {
		return false, err
	}
	return k.same(got), nil
}

func (k *apiKey) same(got [sha256.Size]byte) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.known && subtle.ConstantTimeCompare(k.hash[:], got[:]) == 1
}

// stale says, to one caller in a while, that the key is to be read again.
func (k *apiKey) stale() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if time.Since(k.reread) < rereadKey {
		return false
	}
	k.reread = time.Now()
	return true
}
