package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"cordon/internal/casefile"
)

// A case's lease is two attributes of its item: lease_owner, and lease_until in ns since 1970. They have conditions of
// their own, and change without a new version.

// Claim implements casefile.Store: one conditional write.
func (s *Store) Claim(ctx context.Context, id, owner string, now time.Time, ttl time.Duration) error {
	err := errors.New("no owner for the lease")
	if owner != "" {
		err = s.changeLease(ctx, id, "SET lease_owner = :owner, lease_until = :until",
			"attribute_exists(pk) AND (attribute_not_exists(lease_owner) OR lease_owner = :owner OR lease_until <= :now OR lease_until > :far)",
			item{":owner": text(owner), ":until": number(now.Add(ttl).UnixNano()), ":now": number(now.UnixNano()), ":far": number(now.Add(casefile.Farthest).UnixNano())},
			func(held casefile.Lease) error { return &casefile.HeldError{Lease: held} })
	}
	if err != nil {
		return fmt.Errorf("claim case %s: %w", id, err)
	}
	return nil
}

// Yield implements casefile.Store.
func (s *Store) Yield(ctx context.Context, id, owner string) error {
	err := s.changeLease(ctx, id, "REMOVE lease_owner, lease_until", "lease_owner = :owner", item{":owner": text(owner)},
		func(casefile.Lease) error { return nil })
	if err != nil {
		return fmt.Errorf("yield case %s: %w", id, err)
	}
	return nil
}

// changeLease makes a conditional change; where the condition fails, otherwise says what the lease that is there means.
func (s *Store) changeLease(ctx context.Context, id, update, condition string, values item, otherwise func(casefile.Lease) error) error {
	return s.again(ctx, func() error {
		_, err := s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: &s.table, Key: key(caseKey(id), skCase), UpdateExpression: &update,
			ConditionExpression: &condition, ExpressionAttributeValues: values,
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		})
		var failed *types.ConditionalCheckFailedException
		switch {
		case !errors.As(err, &failed):
			return s.hinted(err)
		case len(failed.Item) == 0:
			return casefile.ErrNotFound
		}
		return otherwise(lease(failed.Item))
	})
}

// lease is the lease in a case's item.
func lease(i item) casefile.Lease {
	owner := i.text("lease_owner")
	if owner == "" {
		return casefile.Lease{}
	}
	return casefile.Lease{Owner: owner, Until: time.Unix(0, i.number("lease_until")).UTC()}
}
