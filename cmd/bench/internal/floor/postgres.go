// SPDX-License-Identifier: Apache-2.0

package floor

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// postgresRows is the floor on PostgreSQL: the rows of an admission in one round trip and one transaction.
type postgresRows struct{ pool *pgxpool.Pool }

func openPostgres(ctx context.Context, url string) (*postgresRows, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	cfg.MaxConns = 32
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	return &postgresRows{pool}, err
}

func (r *postgresRows) seed(ctx context.Context, a admission, sealed []byte) error {
	var b pgx.Batch
	for i, args := range a.args(sealed) {
		b.Queue(inserts[min(i, len(inserts)-1)], args...)
	}
	err := r.pool.SendBatch(ctx, &b).Close()
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23505" {
		return errTaken
	}
	return err
}

func (r *postgresRows) admit(ctx context.Context, a admission) error { return r.seed(ctx, a, nil) }

func (r *postgresRows) line(ctx context.Context, order, line string) (instance, code string, err error) {
	err = r.pool.QueryRow(ctx, `SELECT instance_id, answer_code FROM order_lines
		WHERE seller = 'bench' AND order_id = $1 AND order_line_id = $2 AND product_id = '' AND action = 'newInstance'`, order, line).
		Scan(&instance, &code)
	if errors.Is(err, pgx.ErrNoRows) {
		err = errMissing
	}
	return instance, code, err
}

func (r *postgresRows) access(ctx context.Context, instance string) (sealed []byte, err error) {
	err = r.pool.QueryRow(ctx, `SELECT access FROM instances WHERE seller = 'bench' AND instance_id = $1`, instance).Scan(&sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		err = errMissing
	}
	return sealed, err
}

func (r *postgresRows) close() error {
	r.pool.Close()
	return nil
}
