package dynamodb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// item is an item's attributes, or its key.
type item map[string]types.AttributeValue

func key(pk, sk string) item { return item{PartitionKey: text(pk), SortKey: text(sk)} }

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number[N int | int64](n N) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(int64(n), 10)}
}

// content is bytes as they are: as text where they are UTF-8, so that people can read the item.
func content(raw []byte) types.AttributeValue {
	if utf8.Valid(raw) {
		return text(string(raw))
	}
	return &types.AttributeValueMemberB{Value: raw}
}

// text is a string or binary attribute, "" where there is none.
func (i item) text(name string) string {
	switch v := i[name].(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberB:
		return string(v.Value)
	}
	return ""
}

// number is a number attribute, 0 where there is none.
func (i item) number(name string) int64 {
	v, ok := i[name].(*types.AttributeValueMemberN)
	if !ok {
		return 0
	}
	n, _ := strconv.ParseInt(v.Value, 10, 64)
	return n
}

// The bounds of what an item holds by itself; more goes to the overflow, if there is one.
const (
	smallContent = 16 << 10  // a document, a record's request or state
	smallBody    = 256 << 10 // a body, which is read and written all the time
	largestItem  = 400 << 10 // DynamoDB's own
)

// hash is the attribute that names a content in the overflow.
func hash(name string) string { return name + "_sha256" }

// keep puts a content of the item under a name: in the item if it is at most small bytes, else into the overflow.
// Nothing is kept of an empty one.
func (s *Store) keep(ctx context.Context, i item, name string, raw []byte, small int) error {
	switch {
	case len(raw) == 0:
	case len(raw) <= small, s.overflow == nil:
		i[name] = content(raw)
	default:
		sum := sha256.Sum256(raw)
		ref := hex.EncodeToString(sum[:])
		if err := s.overflow.Put(ctx, ref, raw); err != nil {
			return err
		}
		i[hash(name)] = text(ref)
	}
	return nil
}

// kept is a content that keep put there, nil where there is none.
func (s *Store) kept(ctx context.Context, i item, name string) ([]byte, error) {
	if _, here := i[name]; here {
		return []byte(i.text(name)), nil
	}
	ref := i.text(hash(name))
	switch {
	case ref == "":
		return nil, nil
	case s.overflow == nil:
		return nil, fmt.Errorf("read object %s: this store has no bucket for large contents (set vault: to the bucket it was written with)", ref)
	}
	raw, err := s.overflow.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(raw); hex.EncodeToString(sum[:]) != ref {
		return nil, fmt.Errorf("read object %s: its content is another (somebody changed it; the bucket may have the earlier version)", ref)
	}
	return raw, nil
}

// keepBody puts v under body, as JSON.
func (s *Store) keepBody(ctx context.Context, i item, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return s.keep(ctx, i, "body", raw, smallBody)
}

// body reads what keepBody put there.
func (s *Store) body(ctx context.Context, i item, v any) error {
	raw, err := s.kept(ctx, i, "body")
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return i.named(err)
	}
	return nil
}

// named is the error of an item that cannot be read.
func (i item) named(err error) error {
	return fmt.Errorf("decode %s of %s: %w", i.text(SortKey), i.text(PartitionKey), err)
}

// TooLargeError says that something does not fit into an item.
type TooLargeError struct {
	Item  string // its sort key
	Bytes int
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("%s has %d bytes, and DynamoDB keeps 400 KB in an item (set vault: s3://BUCKET/PREFIX: large contents go there)", e.Item, e.Bytes)
}

// fits says whether DynamoDB takes the item, with its way of counting: names and values.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
func (i item) fits() error {
	if size := i.size(); size > largestItem {
		return &TooLargeError{i.text(SortKey), size}
	}
	return nil
}

func (i item) size() (bytes int) {
	for name, v := range i {
		bytes += len(name)
		if n, ok := v.(*types.AttributeValueMemberN); ok {
			bytes += len(n.Value)/2 + 2
		} else {
			bytes += len(i.text(name))
		}
	}
	return bytes
}
