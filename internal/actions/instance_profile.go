package actions

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"golang.org/x/sync/errgroup"

	"cordon/internal/action"
	"cordon/internal/cloud"
)

// profileState is the ARN of the profile that the instance has or is just getting, "" for none.
type profileState struct {
	Profile string `json:"profile"`
}

func readProfile(ctx context.Context, env *action.Env, id string) (p profileState, err error) {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		_, err := describeInstance(ctx, env, id)
		return err
	})
	g.Go(func() error {
		a, err := readAssociation(ctx, env, id)
		if a != nil && a.IamInstanceProfile != nil {
			p.Profile = aws.ToString(a.IamInstanceProfile.Arn)
		}
		return err
	})
	return p, g.Wait()
}

// readAssociation gives the association of the instance with its profile, nil if there is none. One that is on its way
// out counts as none.
func readAssociation(ctx context.Context, env *action.Env, id string) (*ec2types.IamInstanceProfileAssociation, error) {
	pages := ec2.NewDescribeIamInstanceProfileAssociationsPaginator(env.EC2, &ec2.DescribeIamInstanceProfileAssociationsInput{
		Filters: []ec2types.Filter{filter("instance-id", id), filter("state", "associating", "associated")},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, instanceError("read the profile of", id, err)
		}
		for _, a := range page.IamInstanceProfileAssociations {
			return &a, nil
		}
	}
	return nil, nil
}

// setProfile gives the instance the profile of that ARN, or none if it is "". While a former change of the profile is
// under way EC2 refuses the next (IncorrectState): then it is tried again, for about 30 s.
func setProfile(ctx context.Context, env *action.Env, id, arn string) error {
	var err error
	for wait := time.Second; wait <= 16*time.Second; wait *= 2 {
		if err = changeProfile(ctx, env, id, arn); !cloud.Is(err, "IncorrectState", "InvalidAssociationID.NotFound") {
			break
		}
		if serr := sleep(ctx, wait); serr != nil {
			break
		}
	}
	if err == nil || !noInstance(err) {
		return err
	}
	return gone(id)
}

func changeProfile(ctx context.Context, env *action.Env, id, arn string) error {
	a, err := readAssociation(ctx, env, id)
	if err != nil {
		return err
	}
	want := &ec2types.IamInstanceProfileSpecification{Arn: &arn}
	switch {
	case a == nil && arn == "", a != nil && a.IamInstanceProfile != nil && aws.ToString(a.IamInstanceProfile.Arn) == arn:
		return nil
	case a == nil:
		_, err = env.EC2.AssociateIamInstanceProfile(ctx, &ec2.AssociateIamInstanceProfileInput{InstanceId: &id, IamInstanceProfile: want})
	case arn == "":
		_, err = env.EC2.DisassociateIamInstanceProfile(ctx, &ec2.DisassociateIamInstanceProfileInput{AssociationId: a.AssociationId})
	default:
		_, err = env.EC2.ReplaceIamInstanceProfileAssociation(ctx, &ec2.ReplaceIamInstanceProfileAssociationInput{
			AssociationId: a.AssociationId, IamInstanceProfile: want,
		})
	}
	if err != nil && arn == "" {
		return fmt.Errorf("remove the profile of instance %s: %w", id, err)
	}
	return wrap("give instance "+id+" the profile", arn, err)
}

// profileBefore is the ARN of the instance profile that the instance had before this case changed it, "" for none: the
// one it has now may be the quarantine profile, or gone.
func profileBefore(ctx context.Context, env *action.Env, i ec2types.Instance) (string, error) {
	records, err := env.Records(ctx)
	if err != nil {
		return "", err
	}
	for _, rec := range records { // in the order in which they began
		if rec.Action != "ec2.quarantine-profile" && rec.Action != "ec2.remove-profile" || len(rec.Prior) == 0 {
			continue
		}
		var prior profileState
		if err := json.Unmarshal(rec.Prior, &prior); err != nil {
			return "", wrap("read prior state of", rec.Action, err)
		}
		return prior.Profile, nil
	}
	return profileARN(i), nil
}
