package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// SecretRef says where a secret is: env:NAME, file:PATH, or secretsmanager:ARN with, for a secret that is a JSON
// object, #KEY after it. It is never the secret itself.
type SecretRef string

const (
	inEnvironment    = "env"
	inFile           = "file"
	inSecretsManager = "secretsmanager"
	maxSecret        = 64 << 10 // bytes, as in Secrets Manager
)

// String is the reference; what is none is not shown, because it may be the secret.
func (r SecretRef) String() string {
	if r != "" && r.check("") != nil {
		return "[not a reference]"
	}
	return string(r)
}

// GoString is String.
func (r SecretRef) GoString() string { return r.String() }

func (r SecretRef) inSecretsManager() bool { return strings.HasPrefix(string(r), inSecretsManager+":") }

// Check says what is wrong with a reference, by its key in cordon.yaml, without showing what may be the secret.
func (r SecretRef) Check(key string) error { return r.check(key) }

// InSecretsManager says whether reading the secret needs secretsmanager:GetSecretValue.
func (r SecretRef) InSecretsManager() bool { return r.inSecretsManager() }

// Secret is the value behind a reference, read at first use and kept until Forget. Nothing prints it.
type Secret struct{ s *secret }

// NewSecret names a secret by its key in cordon.yaml, for errors. It reads nothing; of the deps it wants AWS alone.
func NewSecret(key string, ref SecretRef, d Deps) Secret {
	return Secret{newSecret(key, ref, d.orDefaults())}
}

// Get gives the value: one line, never empty. Its errors name the place, never the content.
func (s Secret) Get(ctx context.Context) (string, error) { return s.s.get(ctx) }

// Forget makes the next Get read anew.
func (s Secret) Forget() { s.s.forget() }

// String keeps the value out of what is printed.
func (s Secret) String() string { return "[secret]" }

// GoString is String.
func (s Secret) GoString() string { return s.String() }

// check refuses what is no reference, without showing it.
func (r SecretRef) check(key string) error {
	const hint = "write env:NAME, file:PATH or secretsmanager:ARN, and keep the secret there"
	if r == "" {
		return fmt.Errorf("%s: is missing; %s", key, hint)
	}
	scheme, where, ok := strings.Cut(string(r), ":")
	switch {
	case !ok:
	case scheme == inEnvironment && where != "" && !strings.ContainsAny(where, "=:/ \x00"):
		return nil
	case scheme == inFile && where != "" && !strings.Contains(where, "\x00"):
		return nil
	case scheme == inSecretsManager:
		id, _, _ := strings.Cut(where, "#")
		if a, err := arn.Parse(id); err == nil && a.Service == inSecretsManager && regionName.MatchString(a.Region) && strings.HasPrefix(a.Resource, "secret:") {
			return nil
		}
		return fmt.Errorf("%s: the part after secretsmanager: is no ARN of a secret (arn:aws:secretsmanager:eu-west-1:111122223333:secret:NAME)", key)
	}
	return fmt.Errorf("%s: seems to hold the secret itself; %s", key, hint)
}

// secret is a reference with its value, read at first use and kept until forget.
type secret struct {
	key    string // in cordon.yaml, for errors
	ref    SecretRef
	getenv func(string) (string, bool)
	client *secretsmanager.Client

	mu    sync.Mutex
	value string
}

func newSecret(key string, ref SecretRef, d Deps) *secret {
	return &secret{key: key, ref: ref, getenv: d.Getenv, client: secretsmanager.NewFromConfig(d.AWS)}
}

// get gives the value: one line, never empty. Its errors name the place, never the content.
func (s *secret) get(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.value != "" {
		return s.value, nil
	}
	value, err := s.read(ctx)
	if err != nil {
		return "", err
	}
	value = strings.TrimSpace(value)
	if value == "" || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", fmt.Errorf("read %s from %s: it must be one line that is not empty", s.key, s.ref)
	}
	s.value = value
	return value, nil
}

// forget makes the next get read anew: the other side refused the value, and it may have been rotated.
func (s *secret) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.value = ""
}

func (s *secret) read(ctx context.Context) (string, error) {
	scheme, where, _ := strings.Cut(string(s.ref), ":")
	switch scheme {
	case inEnvironment:
		value, ok := s.getenv(where)
		if !ok {
			return "", fmt.Errorf("read %s: the environment variable %s is not set", s.key, where)
		}
		return value, nil
	case inFile:
		return s.readFile(where)
	case inSecretsManager:
		return s.fetch(ctx, where)
	default:
		return "", s.ref.check(s.key)
	}
}

func (s *secret) readFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", s.key, err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxSecret))
	if err != nil {
		return "", fmt.Errorf("read %s: %w", s.key, err)
	}
	return string(raw), nil
}

// fetch asks Secrets Manager (GetSecretValue) for the current version.
func (s *secret) fetch(ctx context.Context, where string) (string, error) {
	id, key, wantsKey := strings.Cut(where, "#")
	a, err := arn.Parse(id)
	if err != nil {
		return "", s.ref.check(s.key)
	}
	out, err := s.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &id},
		func(o *secretsmanager.Options) { o.Region = a.Region })
	if err != nil {
		return "", awsError("read "+s.key+" from Secrets Manager", err, hints{
			"ResourceNotFoundException": "there is no secret " + id + "; mend the reference in cordon.yaml",
			"AccessDeniedException":     "allow secretsmanager:GetSecretValue on " + id + ", and kms:Decrypt on its key",
			"DecryptionFailure":         "allow kms:Decrypt on the secret's key",
			"InvalidRequestException":   "the secret is marked for deletion, or has no current version",
		})
	}
	if !wantsKey {
		if out.SecretString == nil {
			return string(out.SecretBinary), nil
		}
		return *out.SecretString, nil
	}
	// The decoder's error would quote the secret: it is not passed on.
	var fields map[string]any
	if json.Unmarshal([]byte(aws.ToString(out.SecretString)), &fields) != nil {
		return "", fmt.Errorf("read %s: the secret is no JSON object; leave #%s out to take it whole", s.key, key)
	}
	value, ok := fields[key].(string)
	if !ok {
		return "", fmt.Errorf("read %s: %w", s.key, errors.New("the secret's JSON object has no text under the key "+key))
	}
	return value, nil
}
