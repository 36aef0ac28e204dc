package actions

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"cordon/internal/action"
)

// tagRequest: Tags are the keys and values to set.
type tagRequest struct {
	action.On
	Tags map[string]string `json:"tags"`
}

// tagState is the value of each key that is to be set; nil where the instance has no such tag.
type tagState struct {
	Tags map[string]*string `json:"tags"`
}

func tagInstance() action.Action {
	return action.New(action.Spec[tagRequest, tagState]{
		ID:      "ec2.tag",
		Summary: "Tags the instance with its case, so that whoever comes across it knows.",
		Details: "An instance has 50 tags at most; keys that it has already are overwritten. Release gives each key its " +
			"former value back and takes away the keys that were new.",
		Permissions: []string{"ec2:CreateTags", "ec2:DeleteTags", "ec2:DescribeInstances"},
		ForRelease:  []string{"ec2:DeleteTags"},
		Observe:     observeTags,
		Expect: func(t tagRequest, _ tagState) tagState {
			want := tagState{Tags: map[string]*string{}}
			for k, v := range t.Tags {
				want.Tags[k] = &v
			}
			return want
		},
		Do: func(ctx context.Context, env *action.Env, t tagRequest, _ tagState) error {
			return createTags(ctx, env, t.Target.ID, t.Tags)
		},
		Undo:  undoTags,
		Parts: func(p tagState) map[string]any { return asParts(p.Tags) },
		Without: func(p tagState, parts map[string]bool) tagState {
			return tagState{Tags: without(p.Tags, parts)}
		},
	})
}

func observeTags(ctx context.Context, env *action.Env, t tagRequest, _ *tagState) (tagState, error) {
	if len(t.Tags) == 0 {
		return tagState{}, action.Skipf("no tags configured")
	}
	i, err := describeInstance(ctx, env, t.Target.ID)
	if err != nil {
		return tagState{}, err
	}
	p := tagState{Tags: map[string]*string{}}
	for k := range t.Tags {
		p.Tags[k] = nil
	}
	for _, tag := range i.Tags {
		if _, asked := p.Tags[aws.ToString(tag.Key)]; asked {
			p.Tags[aws.ToString(tag.Key)] = aws.String(aws.ToString(tag.Value))
		}
	}
	return p, nil
}

func undoTags(ctx context.Context, env *action.Env, t tagRequest, prior tagState) error {
	former := map[string]string{}
	var added []ec2types.Tag
	for _, k := range sortedKeys(prior.Tags) {
		if v := prior.Tags[k]; v != nil {
			former[k] = *v
		} else {
			added = append(added, ec2types.Tag{Key: &k})
		}
	}
	if len(former) > 0 {
		if err := createTags(ctx, env, t.Target.ID, former); err != nil {
			return err
		}
	}
	if len(added) == 0 {
		return nil
	}
	_, err := env.EC2.DeleteTags(ctx, &ec2.DeleteTagsInput{Resources: []string{t.Target.ID}, Tags: added})
	if err != nil {
		return instanceError("untag", t.Target.ID, err)
	}
	return nil
}

// createTags sets tags of an EC2 resource. *action.Gone: there is no such instance.
func createTags(ctx context.Context, env *action.Env, id string, tags map[string]string) error {
	_, err := env.EC2.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{id}, Tags: ec2Tags(tags)})
	if noInstance(err) {
		return gone(id)
	}
	return wrap("tag", id, err)
}

// ec2Tags are the tags as EC2 takes them, by key.
func ec2Tags(tags map[string]string) (out []ec2types.Tag) {
	for _, k := range sortedKeys(tags) {
		out = append(out, ec2types.Tag{Key: &k, Value: aws.String(tags[k])})
	}
	return out
}
