package dynamodb

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"cordon/internal/casefile"
	"cordon/internal/finding"
)

// Suppress implements casefile.Store. DynamoDB deletes the item some time after it is over.
func (s *Store) Suppress(ctx context.Context, p casefile.Suppression) error {
	i, err := s.suppressionItem(ctx, p)
	if err == nil {
		err = i.fits()
	}
	if err == nil {
		err = s.again(ctx, func() error {
			_, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.table, Item: i})
			return s.hinted(err)
		})
	}
	if err != nil {
		return fmt.Errorf("suppress finding %s on %s: %w", p.Finding, p.Target, err)
	}
	return nil
}

func (s *Store) suppressionItem(ctx context.Context, p casefile.Suppression) (item, error) {
	i := key(targetKey(p.Target), suppressionKey(p.Finding))
	i["until_ns"] = number(p.Until.UnixNano())
	i[TimeToLive] = number(p.Until.Add(time.Second - 1).Unix()) // never before it is over
	return i, s.keepBody(ctx, i, p)
}

// Suppressed implements casefile.Store. It looks at the time itself: DynamoDB may take days to delete what is over.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html
func (s *Store) Suppressed(ctx context.Context, t finding.Target, findingID string, now time.Time) (p casefile.Suppression, ok bool, err error) {
	i, err := s.get(ctx, targetKey(t), suppressionKey(findingID))
	if err == nil && (i == nil || i.number("until_ns") <= now.UnixNano()) {
		return casefile.Suppression{}, false, nil
	}
	if err == nil {
		err = s.body(ctx, i, &p)
	}
	if err != nil {
		return casefile.Suppression{}, false, fmt.Errorf("read suppressions of %s: %w", t, err)
	}
	return p, true, nil
}
